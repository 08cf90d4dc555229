#ifndef GREETING_H
#define GREETING_H

#include <stddef.h>

/*
 * greeting writes a greeting of name into buffer, cut off to size bytes with
 * the NUL, and returns the length of the whole greeting. A NULL or empty name
 * greets the world.
 */
int greeting(char *buffer, size_t size, const char *name);

#endif

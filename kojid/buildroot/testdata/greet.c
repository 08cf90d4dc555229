#include <stdio.h>

const char *greeting(void) { return "hello from greet"; }

#ifndef LIB
int main(void) { return puts(greeting()) < 0; }
#endif

#include "greeting.h"

#include <stdio.h>

int greeting(char *buffer, size_t size, const char *name)
{
	if (name == NULL || *name == '\0')
		name = "world";
	return snprintf(buffer, size, "Hello, %s!", name);
}

#include "greeting.h"

#include <stdio.h>
#include <string.h>

static int failures;

static void expect(const char *name, size_t size, const char *text, int length)
{
	char buffer[64] = "";
	int got = greeting(buffer, size, name);

	if (got == length && strcmp(buffer, text) == 0)
		return;
	failures++;
	fprintf(stderr, "greeting(%s) is \"%s\" (%d), want \"%s\" (%d)\n", name ? name : "NULL", buffer, got, text, length);
}

int main(void)
{
	expect("Koji", 64, "Hello, Koji!", 12);
	expect("", 64, "Hello, world!", 13);
	expect(NULL, 64, "Hello, world!", 13);
	expect("Koji", 6, "Hello", 12);
	puts(failures ? "FAILED" : "greeting: 4 cases passed");
	return failures != 0;
}

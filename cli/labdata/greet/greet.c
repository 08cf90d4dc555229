#include <greeting.h>

#include <stdio.h>

static void greet(const char *name)
{
	char buffer[256];

	greeting(buffer, sizeof buffer, name);
	puts(buffer);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		greet(NULL);
	for (int i = 1; i < argc; i++)
		greet(argv[i]);
	return 0;
}

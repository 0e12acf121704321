// A stream transform: each line goes out in upper case as soon as it has come in.
#include <ctype.h>
#include <stdio.h>

int main(void) {
    int c;
    while ((c = getchar()) != EOF) {
        putchar(toupper(c));
        if (c == '\n') fflush(stdout);
    }
}

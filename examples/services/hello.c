// The smallest service: what it prints is the response.
#include <stdio.h>

int main(void) {
    puts("hello from c");
}

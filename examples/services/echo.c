// Prints a request parameter and the method: both are environment variables.
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char *name = getenv("PARAM_name");
    printf("name=%s\nmethod=%s\n", name ? name : "stranger", getenv("REQUEST_METHOD"));
}

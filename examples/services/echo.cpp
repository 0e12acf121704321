// Prints a request parameter and the method: both are environment variables.
#include <cstdlib>
#include <iostream>

int main() {
    const char *name = std::getenv("PARAM_name");
    std::cout << "name=" << (name ? name : "stranger") << "\nmethod=" << std::getenv("REQUEST_METHOD") << "\n";
}

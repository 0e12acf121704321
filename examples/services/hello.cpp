// The smallest service: what it prints is the response.
#include <iostream>

int main() {
    std::cout << "hello from cpp\n";
}

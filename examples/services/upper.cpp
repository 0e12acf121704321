// A stream transform: each line goes out in upper case as soon as it has come in.
#include <cctype>
#include <iostream>
#include <string>

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        for (char &c : line) c = std::toupper(static_cast<unsigned char>(c));
        std::cout << line << std::endl;
    }
}

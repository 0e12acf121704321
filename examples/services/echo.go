// Prints a request parameter and the method: both are environment variables.
package main

import (
	"fmt"
	"os"
)

func main() {
	name, ok := os.LookupEnv("PARAM_name")
	if !ok {
		name = "stranger"
	}
	fmt.Printf("name=%s\nmethod=%s\n", name, os.Getenv("REQUEST_METHOD"))
}

// The smallest service: what it prints is the response.
package main

import "fmt"

func main() {
	fmt.Println("hello from go")
}

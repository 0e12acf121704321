// A stream transform: each line goes out in upper case as soon as it has come in.
package main

import (
	"bufio"
	"bytes"
	"os"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		os.Stdout.Write(bytes.ToUpper(line))
		if err != nil {
			return
		}
	}
}

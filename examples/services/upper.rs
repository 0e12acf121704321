// A stream transform: each line goes out in upper case as soon as it has come in.
use std::io;

fn main() -> io::Result<()> {
    for line in io::stdin().lines() {
        println!("{}", line?.to_ascii_uppercase());
    }
    Ok(())
}

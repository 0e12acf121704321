// The smallest service: what it prints is the response.
fn main() {
    println!("hello from rust");
}

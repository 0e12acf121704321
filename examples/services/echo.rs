// Prints a request parameter and the method: both are environment variables.
use std::env;

fn main() {
    let name = env::var("PARAM_name").unwrap_or("stranger".into());
    let method = env::var("REQUEST_METHOD").unwrap_or_default();
    println!("name={name}\nmethod={method}");
}

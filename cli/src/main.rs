//! The `dockertest` program: argument parsing and nothing else.

fn main() {}

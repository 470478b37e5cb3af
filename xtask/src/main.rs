//! Set-up, demo, tests and benchmarks: `cargo xtask ...`.

fn main() {}

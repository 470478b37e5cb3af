//! The host program that holds the bundled subtests.

fn main() {}

//! A harness into which no subtest is linked.

dockertest::harness!();

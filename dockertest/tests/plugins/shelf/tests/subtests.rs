//! Each subtest of the library as a test.

dockertest::harness!(shelf_subtests);

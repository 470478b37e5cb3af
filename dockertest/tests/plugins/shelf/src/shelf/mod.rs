//! Subtests, one for each way in which a test can end.

pub mod asks_engine;
pub mod crashes;
pub mod fails;
pub mod flaky;
pub mod left_out;
pub mod meets;
pub mod passes;
pub mod reboots;
pub mod switched_off;
pub mod unsuitable;
pub mod waits;
pub mod watches;

dockertest::defaults!("shelf.ini");

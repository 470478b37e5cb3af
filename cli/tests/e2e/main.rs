//! End-to-end tests: the real program, real hosts, and where it matters the real engine.

mod bad_input;
mod commands;
mod engine;
mod interrupts;
mod runs;
mod support;

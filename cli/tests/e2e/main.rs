//! End-to-end tests: the real program, real hosts, and where it matters the real engine.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test says so and ends")]

mod bad_input;
mod browser;
mod callouts;
mod capsules;
mod cargo_test;
mod commands;
mod comparison;
mod engine;
mod engines;
mod env;
mod faults;
mod hanging_engine;
mod interrupts;
mod left_over;
mod load;
mod matrix;
mod new;
mod page;
mod parallel;
mod plugins;
mod readers;
mod reports;
mod repository;
mod runs;
mod scheduling;
mod subunit;
mod suite;
mod support;
mod torture;
mod which_engine;

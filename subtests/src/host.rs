//! The host program of the bundled subtests: small, because it is started once for each step.

use std::process::ExitCode;

fn main() -> ExitCode {
    subtests::host_main(std::env::args_os().skip(1))
}

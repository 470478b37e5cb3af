//! A host without subtests of its own: what is left is the loader of plug-ins.

use std::process::ExitCode;

fn main() -> ExitCode {
    dockertest::host::serve::main("plugin-loader", std::env::args_os().skip(1))
}

//! `cargo xtask api`: has the public interface of the library compared with the one that is kept.

use std::process::{Command, ExitCode};

use crate::child::{self, cargo};
use crate::failure::Failure;

/// The status of the program when this Rust is another than it is made for.
const OTHER_FORMAT: i32 = 3;

fn program() -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "api-snapshot", "--"]);
    command
}

/// Compares; the status is that of the program.
pub(crate) fn compare() -> Result<ExitCode, Failure> {
    child::run(&mut program()).map(child::exit_code)
}

/// Takes over what is there.
pub(crate) fn bless() -> Result<ExitCode, Failure> {
    child::run(program().arg("--bless")).map(child::exit_code)
}

/// Compares, for `check`. A later Rust than the one that the program is made for is no fault of the change.
pub(crate) fn check() -> Result<(), Failure> {
    let status = child::run(&mut program())?;
    if status.code() == Some(OTHER_FORMAT) {
        eprintln!("xtask: api: NOT COMPARED, see above");
        return Ok(());
    }
    if status.success() {
        Ok(())
    } else {
        Err(Failure::failed(format!("the library's interface is not as kept ({status})")))
    }
}

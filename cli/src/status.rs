//! Exit statuses of the program, beside those of a run (`dockertest::run`).

/// Everything that was asked for was done.
pub(crate) const SUCCESS: u8 = 0;

/// Usage, configuration or set-up error: no step has run.
pub(crate) const USAGE: u8 = 2;

/// The journal could not be written any more, so the run was stopped: results after that are lost.
pub(crate) const LOST: u8 = 1;

/// Something that was asked about did not pass.
pub(crate) const NOT_PASSED: u8 = 1;

//! JSON lines: an object for each step that has ended, as it is in `results.json`, in the order in which they ended.

use std::io::{self, Write};

use super::projection::{Projection, ended_by};
use super::{RunState, StepResult};
use crate::journal::Record;

#[derive(Default)]
pub(super) struct Lines {
    state: RunState,
}

impl Projection for Lines {
    fn record(&mut self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        let Some(step) = ended_by(&mut self.state, record) else { return Ok(()) };
        let Some(ending) = &step.ending else { return Ok(()) };
        serde_json::to_writer(&mut *out, &StepResult::of(step, ending))?;
        out.write_all(b"\n")
    }
}

//! JSON lines: an object for each step that has ended, as it is in `results.json`, in the order in which they ended. Before
//! them, one with the only member `engine` says which engine is under test.

use std::io::{self, Write};

use serde::Serialize;

use super::projection::{Projection, ended_by};
use super::{EngineResult, RunState, StepResult};
use crate::journal::{Event, Record};

/// The line before all others.
#[derive(Serialize)]
struct Head {
    engine: Option<EngineResult>,
}

#[derive(Default)]
pub(super) struct Lines {
    state: RunState,
}

impl Projection for Lines {
    fn record(&mut self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        if let Event::Engine(_) = &record.event {
            self.state.record(record);
            let head = Head { engine: EngineResult::of_run(&self.state) };
            serde_json::to_writer(&mut *out, &head)?;
            return out.write_all(b"\n");
        }
        let Some(step) = ended_by(&mut self.state, record) else { return Ok(()) };
        let Some(ending) = &step.ending else { return Ok(()) };
        serde_json::to_writer(&mut *out, &StepResult::of(step, ending))?;
        out.write_all(b"\n")
    }
}

//! The folders of a step, as its host finds them.

use std::env;
use std::fs;

use crate::host::protocol::{Folders, RunRequest};

/// Works in the step's folder of results, as a runner starts a host. Where a step is run on another machine or from
/// another folder, its folders are made first.
pub(super) fn enter(request: &RunRequest) -> Result<(), String> {
    let Folders { output, tmp, state } = &request.folders;
    for folder in [output, tmp, state] {
        // A look is all that it usually takes.
        if !folder.is_dir() {
            let problem = |error| format!("cannot make the step's folder `{}`: {error}", folder.display());
            fs::create_dir_all(folder).map_err(problem)?;
        }
    }
    if env::current_dir().is_ok_and(|here| here == *output) {
        return Ok(());
    }
    env::set_current_dir(output).map_err(|error| format!("cannot work in `{}`: {error}", output.display()))
}

//! What is written down of a build.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BuildFailure, EngineBuild};

/// The number of the record's format; another one is refused.
const FORMAT: u32 = 1;

/// A part of a capsule's root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layer {
    /// A folder that is there.
    Folder(PathBuf),
    /// A file with a file system in it.
    Image(PathBuf),
}

#[derive(Serialize, Deserialize)]
struct Record {
    format: u32,
    build: EngineBuild,
}

pub(super) fn write(file: &Path, build: &EngineBuild) -> Result<(), BuildFailure> {
    let record = Record { format: FORMAT, build: build.clone() };
    let text = serde_json::to_vec_pretty(&record).map_err(|error| BuildFailure::file(file, error.into()))?;
    fs::write(file, text).map_err(|source| BuildFailure::file(file, source))
}

pub(super) fn read(file: &Path) -> Result<EngineBuild, BuildFailure> {
    let bad = |reason: String| BuildFailure::Record { file: file.to_owned(), reason };
    let bytes = fs::read(file).map_err(|source| BuildFailure::file(file, source))?;
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
    if record.format == FORMAT {
        Ok(record.build)
    } else {
        Err(bad(format!("it has format {}, expected {FORMAT}", record.format)))
    }
}

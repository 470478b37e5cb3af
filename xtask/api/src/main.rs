//! The public interface of the library `dockertest`, compared with the one that is kept in `dockertest/api.txt`.
//!
//! What users of the library can name is easily changed without noticing: a field, a derived trait, a function that is
//! public by accident. Here each change of it is a line in a review. `cargo xtask api` compares, `cargo xtask api --bless`
//! takes over what is there.

// This is a program for a terminal; what it prints is its output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod compare;
mod items;
mod rustdoc;
mod snapshot;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use compare::Comparison;
use rustdoc::{JsonFailure, json};
use snapshot::Snapshot;

/// The exit status when nothing could be compared because this Rust writes another format than we can read.
const OTHER_FORMAT: u8 = 3;

/// Each adds to the one before it.
const FEATURES: [&str; 4] = ["", "api", "api,runner", "api,runner,harness"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bless = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--bless"] => true,
        _ => {
            eprintln!("api: `{}` is not understood; its usage is: cargo xtask api [--bless]", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().nth(2).unwrap_or(manifest);
    match look(root, bless) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("api: {failure}");
            ExitCode::from(if matches!(failure, Failure::Json(JsonFailure::Format { .. })) { OTHER_FORMAT } else { 1 })
        }
    }
}

/// Why the interface could not be looked at, or not kept.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Json(#[from] JsonFailure),
    #[error(transparent)]
    Items(#[from] items::ItemsFailure),
    #[error(transparent)]
    Snapshot(#[from] snapshot::SnapshotFailure),
    #[error("cannot {what} {}: {source}", path.display())]
    File { what: &'static str, path: PathBuf, source: std::io::Error },
}

/// Compares, and keeps what is there if that is asked for.
fn look(root: &Path, bless: bool) -> Result<ExitCode, Failure> {
    let sets = FEATURES.iter().map(|features| Ok((*features, items::lines(&json(root, features)?)?)));
    let now = Snapshot::of_sets(sets.collect::<Result<_, Failure>>()?)?;
    let file = root.join("dockertest/api.txt");
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|source| Failure::File { what: "read", path: path.to_owned(), source })
    };
    let kept = match read(&file) {
        Ok(text) => Snapshot::parse(&text),
        Err(Failure::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Snapshot::default(),
        Err(failure) => return Err(failure),
    };
    let comparison = Comparison::of(&kept, &now);
    if bless {
        fs::write(&file, now.to_string()).map_err(|source| Failure::File { what: "write", path: file, source })?;
    }
    if comparison.is_empty() {
        println!("api: {} public items, as dockertest/api.txt has them", now.len());
        return Ok(ExitCode::SUCCESS);
    }
    let version = env!("CARGO_PKG_VERSION");
    let released = compare::is_released(version, &read(&root.join("CHANGELOG.md"))?);
    print!("{}", comparison.report(bless, version, released));
    Ok(if bless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

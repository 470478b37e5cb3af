//! What rustdoc tells programs about the library.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// The version of rustdoc's format that the library `public-api` reads; Rust 1.95 writes it.
const FORMAT: u64 = 57;

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonFailure {
    /// The build failed, or could not be started.
    #[error("cannot document the library with the features `{features}`: {problem}")]
    Rustdoc { features: &'static str, problem: String },
    /// Nothing usable came out.
    #[error("cannot use what rustdoc wrote, {}: {problem}", path.display())]
    File { path: PathBuf, problem: String },
    /// Another rustdoc than this program is made for.
    #[error(
        "this rustdoc writes format {found}, and what reads it knows format {FORMAT}, that of Rust 1.95: nothing was \
         compared.\nWith rustup: `rustup toolchain install 1.95` and `cargo +1.95 xtask api`. To move on to a later Rust \
         for good, raise `public-api` in Cargo.toml and FORMAT in xtask/api/src/rustdoc.rs, and bless."
    )]
    Format { found: u64 },
}

/// Everything public of the library with those features.
pub(crate) fn json(root: &Path, features: &'static str) -> Result<Value, JsonFailure> {
    document(root, features)?;
    let target = env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
    let path = root.join(target.unwrap_or_else(|| "target".into())).join("doc/dockertest.json");
    let bad = |problem: String| JsonFailure::File { path: path.clone(), problem };
    let bytes = fs::read(&path).map_err(|error| bad(error.to_string()))?;
    // The next choice of features writes to the same file, so an old one must not be taken for its.
    fs::remove_file(&path).map_err(|error| bad(error.to_string()))?;
    let json: Value = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
    match json["format_version"].as_u64() {
        Some(FORMAT) => Ok(json),
        Some(found) => Err(JsonFailure::Format { found }),
        None => Err(bad("it tells no format".to_owned())),
    }
}

fn document(root: &Path, features: &'static str) -> Result<(), JsonFailure> {
    let failure = |problem: String| JsonFailure::Rustdoc { features, problem };
    // Cargo would see that nothing has changed, and leave the file of another choice of features.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(["rustdoc", "--quiet", "--package", "dockertest", "--lib", "--no-default-features"]);
    command.args(["--features", features, "--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints"]);
    command.args(["allow", "--cfg", &format!("api_snapshot=\"{now}\"")]);
    if let Some(rustdoc) = env::var_os("RUSTDOC") {
        command.env("DOCKERTEST_RUSTDOC", rustdoc);
    }
    command.env("RUSTDOC", root.join("xtask/api/rustdoc.sh")).env_remove("RUSTDOCFLAGS");
    let status = command.status().map_err(|error| failure(error.to_string()))?;
    if status.success() { Ok(()) } else { Err(failure(status.to_string())) }
}

//! Builds plug-ins, as their authors would.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dockertest::config::Layers;
use dockertest::host::{CancelToken, HostProgram, Plugins};
use dockertest::run::Runner;
use dockertest::verdict::Verdict;

/// How long a list may take.
pub const LIMIT: Duration = Duration::from_secs(60);

const LOCK: &str = "Cargo.lock";

/// The host program that loads plug-ins.
pub fn loader() -> HostProgram {
    HostProgram::new(env!("CARGO_BIN_EXE_plugin-loader"))
}

/// The host of a plug-in.
pub fn host(file: &Path) -> HostProgram {
    HostProgram::plugin(&loader(), file)
}

/// This package.
pub fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder that everything is built in, below the build folder of the workspace.
pub fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Cargo, as if nobody had started this test by it: neither its folder nor its flags are for others.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        let is_of_a_test = name.starts_with("CARGO_") || name.starts_with("NEXTEST") || name.starts_with("DOCKERTEST_");
        is_of_a_test && !["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&name.as_ref())
    });
    for name in ours {
        cargo.env_remove(name);
    }
    cargo
}

/// A package of somebody else's: a copy outside our sources, with the versions that we are built with.
pub fn outside(name: &str) -> PathBuf {
    let (ours, copy) = (package().join(name), built().join(name));
    let library = package().join("../..").canonicalize().unwrap();
    // Of several tests that want it, one makes it.
    let lock = File::create(built().join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let mut wanted = BTreeMap::new();
    read(&ours, Path::new(""), &mut wanted);
    let manifest = wanted.get_mut(Path::new("Cargo.toml")).unwrap();
    *manifest = manifest.replace("path = \"../../..\"", &format!("path = {library:?}"));
    // Cargo leaves out of its own what is not needed, so this is to compare with.
    let versions = fs::read_to_string(library.join("../Cargo.lock")).unwrap();
    wanted.insert("versions".into(), versions.clone());
    let mut there = BTreeMap::new();
    if copy.exists() {
        read(&copy, Path::new(""), &mut there);
    }
    if there != wanted || !copy.join(LOCK).exists() {
        let _ = fs::remove_dir_all(&copy);
        wanted.insert(LOCK.into(), versions);
        for (path, text) in wanted {
            fs::create_dir_all(copy.join(&path).parent().unwrap()).unwrap();
            fs::write(copy.join(path), text).unwrap();
        }
    }
    copy
}

/// The files in a folder, by their path below it, without what cargo writes there.
fn read(folder: &Path, below: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder.join(below)).unwrap() {
        let path = below.join(entry.unwrap().file_name());
        if [LOCK, "target", ".dockertest"].map(Path::new).contains(&path.as_path()) {
            continue;
        }
        if folder.join(&path).is_dir() {
            read(folder, &path, files);
        } else {
            files.insert(path.clone(), fs::read_to_string(folder.join(path)).unwrap());
        }
    }
}

/// The crate outside the workspace, in a folder of its own.
pub fn acme(profile: &str) -> PathBuf {
    let target = built();
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--profile", profile]).current_dir(outside("acme"));
    let output = cargo.arg("--target-dir").arg(&target).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = if profile == "dev" { "debug" } else { profile };
    target.join(folder).join("libacme_subtests.so")
}

/// Compiles a file of C into a library.
pub fn compile(source: &Path, flags: &[&str], library: &Path) {
    let include = package().join("../../include");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-I"]).arg(include);
    let output = cc.args(flags).arg("-o").arg(library).arg(source).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The example of the book.
pub fn example_in_c(folder: &Path) -> PathBuf {
    let library = folder.join("hello.so");
    compile(
        &package().join("../../../docs/examples/plugin.c"),
        &["-Wall", "-Wextra", "-Wpedantic", "-Werror"],
        &library,
    );
    library
}

/// The name of a step or, with blanks before it, of a sub-subtest; its verdict; the reason.
pub type Seen = (String, Verdict, String);

/// A run of a plug-in's subtests, each followed by its sub-subtests.
pub fn run(loader: HostProgram, plugin: &Path, set: &[&str]) -> Vec<Seen> {
    let folder = tempfile::tempdir().unwrap();
    let layers = set.iter().fold(Layers::new(), |layers, argument| layers.set(argument));
    let runner = Runner::builder()
        .layers(layers)
        .plugins(Plugins::new(loader).named(plugin, "--plugin"))
        .results(folder.path().join("results"))
        .state(folder.path().join("state"))
        .without_engine()
        .build()
        .unwrap();
    let outcome = runner.run(&CancelToken::new().unwrap()).unwrap();
    let mut seen = Vec::new();
    for step in outcome.steps {
        let ending = step.ending.unwrap();
        seen.push((step.planned.name.to_string(), ending.verdict, ending.reason));
        for child in step.subsubtests {
            let ending = child.ending.unwrap();
            seen.push((format!("  {}", child.name), ending.verdict, ending.reason));
        }
    }
    seen
}

/// Without the reasons.
pub fn verdicts(seen: &[Seen]) -> Vec<(&str, Verdict)> {
    seen.iter().map(|(name, verdict, _)| (name.as_str(), *verdict)).collect()
}

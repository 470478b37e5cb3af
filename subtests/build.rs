//! Finds the bundled subtests, so that none has to be registered by hand.
//!
//! A folder that holds a Rust file of its own name is a subtest; its place below this package is its name. Scripts in
//! its folder `faults` break its promises on purpose. All else in it, but for Rust files, is its static content. Both
//! are compiled in, as are the files of `config_defaults`.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folders that hold tests, by the kind of test.
const TREES: [&str; 4] = ["pretests", "subtests", "intratests", "posttests"];

/// The folder of a subtest with scripts that break its promises.
const FAULTS: &str = "faults";

const CONFIG_DEFAULTS: &str = "../config_defaults";

fn main() -> io::Result<()> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let mut modules = Folder::default();
    let mut contents = String::new();
    for tree in TREES {
        let root = package.join(tree);
        if root.is_dir() {
            modules.folders.insert(tree.to_owned(), find(&root, tree, &mut contents)?);
        }
    }
    let mut text = String::new();
    modules.write(&mut text);
    text.push_str(&contents);
    fs::write(out.join("tree.rs"), text)?;
    fs::write(out.join("config_defaults.rs"), config_defaults(&package.join(CONFIG_DEFAULTS))?)
}

/// What a folder gives: a module, or more folders.
#[derive(Default)]
struct Folder {
    module: Option<PathBuf>,
    folders: BTreeMap<String, Folder>,
}

impl Folder {
    fn is_empty(&self) -> bool {
        self.module.is_none() && self.folders.values().all(Folder::is_empty)
    }

    fn write(&self, text: &mut String) {
        for (name, folder) in self.folders.iter().filter(|(_, folder)| !folder.is_empty()) {
            match &folder.module {
                Some(file) => {
                    let _ = writeln!(text, "#[path = {file:?}]\npub mod {name};");
                }
                None => {
                    let _ = writeln!(text, "/// Subtests below `{name}`.\npub mod {name} {{");
                    folder.write(text);
                    text.push_str("}\n");
                }
            }
        }
    }
}

/// `place` is the folder's path below the package.
fn find(folder: &Path, place: &str, contents: &mut String) -> io::Result<Folder> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Folder::default();
    let mut subfolders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            subfolders.push(path);
        }
    }
    let own = folder.file_name().unwrap_or_default();
    let module = folder.join(own).with_extension("rs");
    if module.is_file() {
        found.module = Some(module);
        embed_content(folder, place, contents)?;
        embed_faults(&folder.join(FAULTS), place, contents)?;
        return Ok(found);
    }
    if has_rust_file(folder)? {
        // Without this, one wrong letter would leave a subtest out silently.
        let own = own.to_string_lossy();
        println!("cargo::warning={} is no subtest: it has Rust files, but no {own}.rs", folder.display());
    }
    for path in subfolders {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !is_module_name(&name) {
            let place = path.display();
            return Err(io::Error::other(format!(
                "{place}: a folder's name here is of a-z, 0-9 and _, a letter first"
            )));
        }
        let below = find(&path, &format!("{place}/{name}"), contents)?;
        found.folders.insert(name, below);
    }
    Ok(found)
}

fn has_rust_file(folder: &Path) -> io::Result<bool> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    Ok(entries.iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == "rs")))
}

fn is_module_name(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    letters && name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Compiles in what a subtest's folder holds beside its Rust files.
fn embed_content(folder: &Path, place: &str, contents: &mut String) -> io::Result<()> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let faults = folder.join(FAULTS);
    files.retain(|path| path.extension().is_none_or(|extension| extension != "rs") && !path.starts_with(&faults));
    if files.is_empty() {
        return Ok(());
    }
    let _ = writeln!(
        contents,
        "dockertest::inventory::submit! {{ dockertest::subtest::Content {{ module: {}, files: &[",
        module(place)
    );
    for path in files {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let _ = writeln!(contents, "    ({name:?}, include_bytes!({path:?})),");
    }
    contents.push_str("] } }\n");
    Ok(())
}

/// Compiles in the scripts that break a subtest's promises.
fn embed_faults(folder: &Path, place: &str, contents: &mut String) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let _ = writeln!(
        contents,
        "dockertest::inventory::submit! {{ dockertest::subtest::Faults {{ module: {}, files: &[",
        module(place)
    );
    for path in files {
        if path.extension().is_none_or(|extension| extension != "sh") {
            println!("cargo::warning={} is no fault: its name does not end with .sh", path.display());
            continue;
        }
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let _ = writeln!(contents, "    ({name:?}, include_str!({path:?})),");
    }
    contents.push_str("] } }\n");
    Ok(())
}

/// The path of the module at a place below the package, as an expression at the root of the crate.
fn module(place: &str) -> String {
    format!("concat!(module_path!(), {:?})", format!("::{}", place.replace('/', "::")))
}

/// All files below a folder, sorted.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The list of the shipped configuration files with their texts.
fn config_defaults(folder: &Path) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let mut text = String::from("&[\n");
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "ini")) {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        let _ = writeln!(text, "    BuiltInFile {{ path: {name:?}, text: include_str!({path:?}) }},");
    }
    text.push_str("]\n");
    Ok(text)
}

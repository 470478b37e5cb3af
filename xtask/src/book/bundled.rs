//! The bundled subtests as their files describe them: the module's comment, the INI file, the faults.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ini::{self, Section};

/// The folders of the package that hold tests, in the order in which a run comes to them.
pub(crate) const KINDS: [&str; 4] = ["pretests", "subtests", "intratests", "posttests"];

/// One test as its files describe it.
#[derive(Debug)]
pub(crate) struct Bundled {
    /// The folder that it is in: one of [`KINDS`].
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// The comment at the head of its module.
    pub(crate) prose: String,
    /// Its section first, then those of its sub-subtests.
    pub(crate) sections: Vec<Section>,
    pub(crate) faults: Vec<Fault>,
}

/// A wrapper of the engine's program that breaks one promise.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) promise: String,
}

/// All that is bundled, by kind and name.
pub(crate) fn find(root: &Path) -> io::Result<Vec<Bundled>> {
    let sections = described(&root.join("config_defaults"))?;
    let mut found = Vec::new();
    for kind in KINDS {
        let tree = root.join("subtests").join(kind);
        for folder in folders(&tree)? {
            let Some(module) = module_of(&folder) else { continue };
            let name = folder.strip_prefix(&tree).unwrap_or(&folder).to_string_lossy().into_owned();
            let prose = module_comment(&fs::read_to_string(module)?);
            found.push(Bundled { kind, prose, sections: of(&sections, &name), faults: faults(&folder)?, name });
        }
    }
    Ok(found)
}

/// Every section that the shipped files describe, in the order of the files and in them.
pub(crate) fn described(folder: &Path) -> io::Result<Vec<Section>> {
    let mut sections = Vec::new();
    for file in files(folder)? {
        if file.extension().is_some_and(|extension| extension == "ini") {
            sections.extend(ini::sections(&fs::read_to_string(&file)?));
        }
    }
    Ok(sections)
}

/// The section of this name, and then all below it.
fn of(sections: &[Section], name: &str) -> Vec<Section> {
    let own = sections.iter().filter(|section| section.name == name);
    let is_below = |section: &&Section| section.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    own.chain(sections.iter().filter(is_below)).cloned().collect()
}

fn module_of(folder: &Path) -> Option<PathBuf> {
    let module = folder.join(folder.file_name()?).with_extension("rs");
    module.is_file().then_some(module)
}

/// The `//!` lines at the head of a module, without their marks.
fn module_comment(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

fn faults(folder: &Path) -> io::Result<Vec<Fault>> {
    let mut found = Vec::new();
    for file in entries(&folder.join("faults"))? {
        if file.extension().is_some_and(|extension| extension == "sh") {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push(Fault { name, promise: promise(&fs::read_to_string(&file)?) });
        }
    }
    Ok(found)
}

/// The first line of a fault's comment.
fn promise(script: &str) -> String {
    let mut comments = script.lines().filter(|line| !line.starts_with("#!")).filter_map(|line| line.strip_prefix('#'));
    comments.next().unwrap_or_default().trim().to_owned()
}

/// All folders below a folder, sorted; those below a folder that is a test are no tests.
fn folders(tree: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in entries(tree)?.into_iter().filter(|entry| entry.is_dir()) {
        if module_of(&folder).is_none() {
            found.extend(folders(&folder)?);
        } else {
            found.push(folder);
        }
    }
    Ok(found)
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in entries(folder)? {
        if entry.is_dir() {
            found.extend(files(&entry)?);
        } else {
            found.push(entry);
        }
    }
    Ok(found)
}

/// What is in a folder, sorted; nothing if there is no such folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::{module_comment, promise};

    #[test]
    fn the_comment_of_a_module_is_its_head_only() {
        let source = "//! First.\n//!\n//!   deep\n\nuse x;\n//! not this\n";
        assert_eq!(module_comment(source), "First.\n\n  deep");
    }

    #[test]
    fn the_promise_is_the_first_line_of_the_comment() {
        assert_eq!(promise("#!/bin/bash\n# Sends nothing.\n# More.\n"), "Sends nothing.");
        assert_eq!(promise("exit 0\n"), "");
    }
}

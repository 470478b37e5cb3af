//! What is written: the templates beside this file, filled in.

use std::path::PathBuf;

use super::name::ModuleName;

const SUBTEST: &str = include_str!("subtest.rs.template");
const OPTIONS: &str = include_str!("subtest.ini.template");
const FAULT: &str = include_str!("says_nothing.sh.template");
const MANIFEST: &str = include_str!("plugin.toml.template");
const LIBRARY: &str = include_str!("lib.rs.template");

/// A file that is to be written.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

fn file(path: String, text: String) -> File {
    File { path: path.into(), text }
}

/// In a checkout: the build script compiles in what is in the folder.
pub(super) fn in_tree(name: &ModuleName) -> Vec<File> {
    let (place, last) = (name.as_str(), name.last());
    vec![
        file(format!("subtests/subtests/{place}/{last}.rs"), subtest(name, "")),
        file(format!("subtests/subtests/{place}/faults/says_nothing.sh"), FAULT.to_owned()),
        file(format!("config_defaults/subtests/{place}.ini"), filled(OPTIONS, name)),
    ]
}

/// A crate of its own, in a folder that is named after the subtest. `dockertest` is where cargo finds the library.
pub(super) fn plugin(name: &ModuleName, dockertest: &str) -> Vec<File> {
    let (place, last) = (name.as_str(), name.last());
    let macros =
        format!("dockertest::defaults!(\"{last}.ini\");\ndockertest::fault!(\"faults/{last}/says_nothing.sh\");\n");
    let manifest = MANIFEST.replace("@PACKAGE@", &package(name)).replace("@DOCKERTEST@", dockertest);
    let folder = place.strip_suffix(last).unwrap_or_default();
    vec![
        file(format!("{last}/Cargo.toml"), manifest),
        file(format!("{last}/src/lib.rs"), LIBRARY.replace("@MODULES@", &modules(name))),
        file(format!("{last}/src/{place}.rs"), subtest(name, &macros)),
        file(format!("{last}/src/{place}.ini"), filled(OPTIONS, name)),
        file(format!("{last}/src/{folder}faults/{last}/says_nothing.sh"), FAULT.to_owned()),
    ]
}

/// The commands to type next.
pub(super) fn after_in_tree(name: &ModuleName) -> String {
    let name = name.as_str();
    format!(
        "  cargo build\n  \
           target/debug/dockertest run --args={name}\n  \
           target/debug/dockertest faults --args={name}\n"
    )
}

/// The commands to type next.
pub(super) fn after_plugin(name: &ModuleName) -> String {
    let library = format!("target/debug/lib{}.so", package(name).replace('-', "_"));
    let (name, last) = (name.as_str(), name.last());
    format!(
        "  cd {last}\n  \
           cargo build\n  \
           dockertest run --plugin {library} --args={name}\n  \
           dockertest faults --plugin {library} --args={name}\n"
    )
}

/// A name that is no crate's of the standard library.
fn package(name: &ModuleName) -> String {
    format!("{}-subtests", name.last().replace('_', "-"))
}

/// The modules of the crate, one in the other.
fn modules(name: &ModuleName) -> String {
    let mut text = format!("pub mod {};", name.last());
    for above in name.above().into_iter().rev() {
        text = format!("/// Subtests below `{above}`.\npub mod {above} {{\n{}\n}}", indented(&text));
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn subtest(name: &ModuleName, macros: &str) -> String {
    filled(SUBTEST, name)
        .replace("@MACROS@\n", &if macros.is_empty() { "\n".to_owned() } else { format!("{macros}\n") })
}

fn filled(template: &str, name: &ModuleName) -> String {
    template.replace("@NAME@", name.as_str()).replace("@TYPE@", &name.type_name())
}

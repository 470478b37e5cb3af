//! What the tests of this folder share: a request, and a context whose messages are collected.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::config::{Origin, Section, Setting};
use crate::host::CancelToken;
use crate::host::protocol::{Folders, History, HostMessage, Mode, PROTOCOL, RunRequest};
use crate::subtest::lifecycle::{self, End};
use crate::subtest::registry::Folder;
use crate::subtest::setup::BinFolder;
use crate::subtest::voice::Voice;
use crate::subtest::{Context, Subtest};

/// A section of these options.
pub(crate) fn section(name: &str, options: &[(&str, &str)]) -> Section {
    let setting = |value: &str| Setting { value: value.to_owned(), origin: Origin::Program };
    let mut settings: BTreeMap<String, Setting> = BTreeMap::from([("config_version".to_owned(), setting("0.9.0"))]);
    settings.extend(options.iter().map(|(option, value)| ((*option).to_owned(), setting(value))));
    Section { name: name.to_owned(), settings }
}

/// A request for a whole run of a subtest in this folder.
pub(crate) fn request(name: &str, folder: &Path) -> RunRequest {
    let sub = |name: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    };
    RunRequest {
        protocol: PROTOCOL,
        run: "run".to_owned(),
        step: format!("docker/subtests/{name}.test_1-of-1"),
        mode: Mode::Full,
        section: section(name, &[]),
        subsections: BTreeMap::new(),
        subsubtests: None,
        folders: Folders { output: sub("output"), tmp: sub("tmp"), state: sub("state") },
        engine: None,
        known_failures: BTreeMap::new(),
        history: History::default(),
    }
}

/// Runs a subtest and gives back how it ended and all that it said.
pub(crate) fn run(subtest: &mut dyn Subtest, request: RunRequest) -> (End, Vec<HostMessage>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let voice = Voice::new(move |message| ear.lock().unwrap().push(message.clone()));
    let bindir = BinFolder::of(Folder { package: "", file: "" }, "");
    let mut ctx = Context::new(request, bindir, voice, CancelToken::new().unwrap());
    let end = lifecycle::run(subtest, &mut ctx);
    let heard = heard.lock().unwrap().clone();
    (end, heard)
}

/// A context of this request that nobody listens to.
pub(crate) fn context(request: RunRequest) -> Context {
    let bindir = BinFolder::of(Folder { package: "", file: "" }, "");
    Context::new(request, bindir, Voice::new(|_| ()), CancelToken::new().unwrap())
}

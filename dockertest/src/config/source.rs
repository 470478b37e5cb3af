//! Where configuration comes from, and reading it without trusting it: folders hold anything.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::parse::Span;
use super::problem::Problem;
use super::text::{Layer, Text};

/// The largest file that is read, in bytes.
///
/// ```
/// use dockertest::config::{Layers, MAX_FILE_BYTES, Source};
///
/// let text = "#".repeat(MAX_FILE_BYTES as usize + 1);
/// let failure = Layers::new().custom(Source::Memory(vec![("huge.ini".to_owned(), text)])).load().unwrap_err();
/// assert_eq!(failure.to_string(), "huge.ini: is too large: more than 16 MiB");
/// ```
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Where the files of a layer are.
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// # let folder = tempfile::tempdir()?;
/// let custom = folder.path().join("config_custom");
/// std::fs::create_dir(&custom)?;
/// std::fs::write(custom.join("mine.ini"), "[docker_cli/version]\ndocker_timeout = 5\n")?;
/// let configuration = Layers::new().custom(Source::Folder(custom)).load()?;
/// assert!(configuration.has_section("docker_cli/version"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// All files below a folder whose names end in `.ini` and do not start with a dot, sorted by path. Links are
    /// followed, folders whose names start with a dot are left out.
    Folder(PathBuf),
    /// Files that are compiled into the program.
    BuiltIn(&'static [BuiltInFile]),
    /// Texts with a label each, which takes the place of a path.
    Memory(Vec<(String, String)>),
}

/// A file that is compiled into the program.
///
/// ```
/// use dockertest::config::{BuiltInFile, Layers, Source};
///
/// static SHIPPED: [BuiltInFile; 1] =
///     [BuiltInFile { path: "defaults.ini", text: "[DEFAULTS]\ndocker_timeout = 300\n" }];
/// let defaults = Layers::new().defaults(Source::BuiltIn(&SHIPPED)).load()?.defaults();
/// let origin = &defaults.setting("docker_timeout").unwrap().origin;
/// assert_eq!(origin.to_string(), "<built in>/defaults.ini:2");
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
// Build scripts write it down for each file that they compile in: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltInFile {
    /// Its path below the folder of defaults, for example `subtests/example.ini`.
    pub path: &'static str,
    /// What it contains.
    pub text: &'static str,
}

/// What reading sources has brought.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) texts: Vec<Text>,
    pub(super) problems: Vec<Problem>,
    /// Files that are not configuration though they may be meant so.
    pub(super) ignored: Vec<PathBuf>,
    /// Files and folders that have been read for a layer, by device and inode: two links to a file are one file.
    seen: HashSet<(Layer, u64, u64)>,
}

impl Gathered {
    pub(super) fn read(&mut self, source: &Source, layer: Layer) {
        match source {
            Source::Folder(folder) => self.folder(folder, layer, &mut Vec::new()),
            Source::BuiltIn(files) => {
                for file in *files {
                    let path = format!("<built in>/{}", file.path);
                    self.texts.push(Text::of_file(path, file.text.to_owned(), layer));
                }
            }
            Source::Memory(files) => {
                for (label, text) in files {
                    self.memory(label, text, layer);
                }
            }
        }
    }

    fn memory(&mut self, label: &str, text: &str, layer: Layer) {
        if text.len() as u64 > MAX_FILE_BYTES {
            self.problems.push(too_large(label, text.len() as u64));
        } else {
            self.texts.push(Text::of_file(label.to_owned(), text.to_owned(), layer));
        }
    }

    /// Reads a folder; `above` holds the folders that it is in, to tell a loop of links.
    fn folder(&mut self, folder: &Path, layer: Layer, above: &mut Vec<(u64, u64)>) {
        let identity = match fs::metadata(folder) {
            Ok(metadata) if metadata.is_dir() => (metadata.dev(), metadata.ino()),
            Ok(_) => return self.problem(folder, "is not a folder", "name the folder that holds the .ini files"),
            Err(error) => return self.unreadable(folder, &error),
        };
        if above.contains(&identity) {
            let help = "remove the link";
            return self.problem(folder, "is a link to a folder that it is in itself", help);
        }
        if !self.seen.insert((layer, identity.0, identity.1)) {
            return;
        }
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut paths: Vec<PathBuf> = match entries {
            Ok(entries) => entries.iter().map(fs::DirEntry::path).collect(),
            Err(error) => return self.unreadable(folder, &error),
        };
        paths.sort();
        above.push(identity);
        for path in paths {
            self.member(&path, layer, above);
        }
        above.pop();
    }

    fn member(&mut self, path: &Path, layer: Layer, above: &mut Vec<(u64, u64)>) {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if name.starts_with('.') {
            return;
        }
        let is_ini = name.ends_with(".ini");
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() && is_ini => {
                self.problem(
                    path,
                    "is a folder; a file was expected",
                    "rename the folder so that it does not end in .ini",
                );
            }
            Ok(metadata) if metadata.is_dir() => self.folder(path, layer, above),
            Ok(metadata) if is_ini => {
                if self.seen.insert((layer, metadata.dev(), metadata.ino())) {
                    self.file(path, layer);
                }
            }
            Ok(_) if is_kept_quiet(&name) => {}
            Ok(_) => self.ignored.push(path.to_owned()),
            Err(error) if is_ini => self.unreadable(path, &error),
            Err(_) => {}
        }
    }

    fn file(&mut self, path: &Path, layer: Layer) {
        let shown = path.to_string_lossy().into_owned();
        match read_limited(path) {
            Ok(bytes) if bytes.len() as u64 > MAX_FILE_BYTES => {
                self.problems.push(too_large(&shown, bytes.len() as u64));
            }
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => self.texts.push(Text::of_file(shown, text, layer)),
                Err(error) => self.problems.push(not_utf8(&shown, error.as_bytes(), error.utf8_error().valid_up_to())),
            },
            Err(Unreadable::TooLarge(size)) => self.problems.push(too_large(&shown, size)),
            Err(Unreadable::NotAFile(what)) => {
                self.problem(path, &format!("is {what}; a regular file was expected"), "remove it from the folder");
            }
            Err(Unreadable::Failed(error)) => self.unreadable(path, &error),
        }
    }

    fn problem(&mut self, path: &Path, message: &str, help: &str) {
        self.problems.push(Problem::of_file(path.to_string_lossy(), message).help(help));
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let problem = Problem::of_file(path.to_string_lossy(), format!("cannot be read: {}", reason(error)));
        self.problems.push(match error.kind() {
            io::ErrorKind::PermissionDenied => problem.help("make it readable for the user who runs dockertest"),
            io::ErrorKind::NotFound => problem.help("create it, or name another folder"),
            _ => problem,
        });
    }
}

/// The cause without the number that the standard library appends.
fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_lowercase(),
        None => error.to_string(),
    }
}

/// Files that nobody takes for configuration.
fn is_kept_quiet(name: &str) -> bool {
    name.starts_with("README") || name.ends_with('~') || [".md", ".rst", ".txt"].iter().any(|end| name.ends_with(end))
}

enum Unreadable {
    TooLarge(u64),
    NotAFile(&'static str),
    Failed(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Unreadable::Failed(error)
    }
}

/// Reads a regular file, at most one byte more than the limit. Does not block on pipes and devices.
fn read_limited(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let refuse_special = |metadata: &fs::Metadata| match kind(metadata) {
        Some(what) => Err(Unreadable::NotAFile(what)),
        None => Ok(()),
    };
    // Opening a device may already have an effect, so its kind is asked first; and again of what was opened.
    refuse_special(&fs::metadata(path)?)?;
    let file: File = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    let metadata = file.metadata()?;
    refuse_special(&metadata)?;
    if metadata.len() > MAX_FILE_BYTES {
        return Err(Unreadable::TooLarge(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a file is, if it is not a regular one.
fn kind(metadata: &fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_file() {
        None
    } else if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_dir() {
        Some("a folder")
    } else {
        Some("a device")
    }
}

pub(super) fn too_large(path: &str, size: u64) -> Problem {
    let limit = MAX_FILE_BYTES >> 20;
    let message = if size > MAX_FILE_BYTES + 1 {
        format!("is too large: {:.1} MiB; the limit is {limit} MiB", size as f64 / f64::from(1 << 20))
    } else {
        format!("is too large: more than {limit} MiB")
    };
    Problem::of_file(path, message).help("is it a configuration file? move it out of the folder if not")
}

/// Points at the first byte that is not UTF-8.
fn not_utf8(path: &str, bytes: &[u8], at: usize) -> Problem {
    let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |length| at + length);
    let readable = String::from_utf8_lossy(&bytes[..end]);
    let wrong = Span::new(at, at + '\u{fffd}'.len_utf8());
    let byte = bytes.get(at).copied().unwrap_or_default();
    Problem::at(path, &readable, wrong, format!("byte 0x{byte:02X} at offset {at} is not UTF-8"))
        .help("save the file as UTF-8")
}

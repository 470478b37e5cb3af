//! The results folder: one run, one writer, never overwritten.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::held::{Held, is_locked};
use crate::journal::{Event, FILE_NAME, Record};

/// The file that the writer of a results folder keeps locked; it holds the writer's process id.
const LOCK: &str = "lock";

/// How much of a journal's end is read to see how it ended: at least its last line.
const TAIL_BYTES: u64 = 1 << 16;

/// How long a lock may outlive its holder.
const ORPHANED_LOCK: Duration = Duration::from_secs(2);

/// How often a folder that is being moved away by another runner is looked at again.
const LOCK_ATTEMPTS: u32 = 100;

/// Why a results folder cannot be used.
///
/// ```
/// use dockertest::run::{FolderFailure, ResultsFolder};
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("thesis.tex"), "")?;
/// let failure = ResultsFolder::create(home.path()).unwrap_err();
/// assert!(matches!(failure, FolderFailure::Foreign { .. }));
/// assert!(failure.to_string().contains("is no results folder, but is not empty (it has `thesis.tex`)"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderFailure {
    /// Another process is writing there.
    #[error(
        "the results folder `{}` is in use by {}: wait for it, or choose another results folder",
        path.display(), Holder(holder)
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process id, as far as it is known.
        holder: String,
    },
    /// The folder has a run that can go on.
    #[error(
        "the results folder `{}` holds a run that is not complete: go on with it by `dockertest resume {}`, or choose \
         another folder with `--results`", path.display(), path.display()
    )]
    Unfinished {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has something else in it.
    #[error(
        "`{}` is no results folder, but is not empty (it has `{found}`): choose another folder with `--results`",
        path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Something that is in it.
        found: String,
    },
    /// There is no run to go on with.
    #[error("`{}` holds no run (there is no `{FILE_NAME}` in it)", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {what} `{}`: {source}{}", path.display(), advice(source))]
    Io {
        /// What was to be done: `create the folder`.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

struct Holder<'a>(&'a str);

impl std::fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { f.write_str("another process") } else { write!(f, "process {}", self.0) }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; choose a results folder that you may write to"
        }
        io::ErrorKind::StorageFull => "; free space there, or choose another results folder",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "; choose another results folder",
        _ => "",
    }
}

/// A results folder that this process, and no other, may write to.
///
/// The lock is the kernel's: it is gone when the process is, however it ended.
///
/// ```
/// use dockertest::run::{FolderFailure, ResultsFolder};
///
/// # let folder = tempfile::tempdir()?;
/// let results = folder.path().join("results");
/// let (ours, kept_aside) = ResultsFolder::create(&results)?;
/// assert_eq!(kept_aside, None);
/// assert!(ours.journal().ends_with("results/journal.jsonl"));
/// assert!(matches!(ResultsFolder::create(&results), Err(FolderFailure::InUse { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ResultsFolder {
    path: PathBuf,
    _lock: Held,
}

impl ResultsFolder {
    /// Makes a folder for a new run. A complete run that is there is kept aside: it becomes `NAME.1`, `NAME.2`, ….
    /// Gives back where it is now, too.
    ///
    /// # Errors
    /// The folder is in use, holds a run that is not complete or something else, or the system refuses.
    ///
    /// A complete run is never lost:
    ///
    /// ```
    /// use dockertest::run::ResultsFolder;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let results = folder.path().join("results");
    /// # std::fs::create_dir(&results)?;
    /// # let example = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example/journal.jsonl");
    /// # std::fs::copy(example, results.join("journal.jsonl"))?;
    /// let (_new, kept_aside) = ResultsFolder::create(&results)?;
    /// assert!(kept_aside.is_some_and(|path| path.ends_with("results.1")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(path: &Path) -> Result<(ResultsFolder, Option<PathBuf>), FolderFailure> {
        let path = absolute(path)?;
        if path.to_str().is_none() {
            // Neither the journal nor a request to a host could name it.
            let why = "its path is not UTF-8, and a journal cannot hold such a path; choose another results folder";
            let source = io::Error::new(io::ErrorKind::InvalidInput, why);
            return Err(FolderFailure::Io { what: "use the results folder", path, source });
        }
        let mut aside = None;
        for _ in 0..LOCK_ATTEMPTS {
            make_folder(&path)?;
            let Some(lock) = lock(&path)? else { continue };
            match content(&path)? {
                Content::Nothing => {
                    make_folder(&path.join("debug"))?;
                    make_folder(&path.join("tmp"))?;
                    return Ok((ResultsFolder { path, _lock: lock }, aside));
                }
                Content::Complete => aside = Some(keep_aside(&path)?),
                Content::Unfinished => return Err(FolderFailure::Unfinished { path }),
                Content::Foreign(found) => return Err(FolderFailure::Foreign { path, found }),
            }
        }
        Err(FolderFailure::InUse { path, holder: String::new() })
    }

    /// Opens the folder of a run to go on with it.
    ///
    /// # Errors
    /// The folder is in use, holds no run, or the system refuses.
    ///
    /// ```
    /// use dockertest::run::{FolderFailure, ResultsFolder};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let failure = ResultsFolder::open(folder.path()).unwrap_err();
    /// assert!(matches!(failure, FolderFailure::NoRun { .. }));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn open(path: &Path) -> Result<ResultsFolder, FolderFailure> {
        let path = absolute(path)?;
        if !path.join(FILE_NAME).exists() {
            return Err(FolderFailure::NoRun { path });
        }
        match lock(&path)? {
            Some(lock) => Ok(ResultsFolder { path, _lock: lock }),
            None => Err(FolderFailure::InUse { path, holder: String::new() }),
        }
    }

    /// The folder, as an absolute path.
    ///
    /// ```
    /// use dockertest::run::ResultsFolder;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # std::env::set_current_dir(&folder)?;
    /// let (results, _) = ResultsFolder::create("results/default".as_ref())?;
    /// assert!(results.path().is_absolute());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets others use the folder.
    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }

    /// The journal's file.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join(FILE_NAME)
    }
}

/// Whether a process may be at work on the run in a results folder. What cannot be found out counts as yes.
///
/// ```
/// use dockertest::run::{ResultsFolder, is_in_use};
///
/// # let folder = tempfile::tempdir()?;
/// let results = folder.path().join("results");
/// let (ours, _kept_aside) = ResultsFolder::create(&results)?;
/// assert!(is_in_use(&results));
/// drop(ours); // the process that had it ends, in whatever way
/// assert!(!is_in_use(&results));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn is_in_use(folder: &Path) -> bool {
    // Only looked at: it may belong to somebody else, and a runner that comes just now must not find it taken.
    match File::open(folder.join(LOCK)) {
        Ok(mut file) => lives(&holder(&mut file)) && is_locked(file).unwrap_or(true),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// The path without symbolic links, as far as it exists: a link to a results folder is not moved aside by itself.
fn absolute(path: &Path) -> Result<PathBuf, FolderFailure> {
    let io = |source| FolderFailure::Io { what: "use the results folder", path: path.to_owned(), source };
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path).map_err(io),
        result => result.map_err(io),
    }
}

fn make_folder(path: &Path) -> Result<(), FolderFailure> {
    fs::create_dir_all(path).map_err(|source| FolderFailure::Io {
        what: "create the results folder",
        path: path.to_owned(),
        source,
    })
}

/// Locks the folder; nothing if it was moved away meanwhile.
fn lock(folder: &Path) -> Result<Option<Held>, FolderFailure> {
    let path = folder.join(LOCK);
    let io = |source| FolderFailure::Io { what: "write the lock file", path: path.clone(), source };
    let mut file = match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result.map_err(io)?,
    };
    if !try_lock(&mut file).map_err(io)? {
        return Err(FolderFailure::InUse { path: folder.to_owned(), holder: holder(&mut file) });
    }
    let held = Held::new(file);
    let mut file = held.file();
    if !is_still_at(file, &path) {
        return Ok(None);
    }
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io)?;
    Ok(Some(held))
}

/// Locks the file if nobody has it.
///
/// A runner that was killed while it started a host has a child that shares its descriptors until it executes the
/// host's program. So a lock whose holder is gone will be free in a moment.
fn try_lock(file: &mut File) -> io::Result<bool> {
    let deadline = Instant::now() + ORPHANED_LOCK;
    let mut pause = Duration::from_millis(1);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(source)) => return Err(source),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline || lives(&holder(file)) => return Ok(false),
            // To wait for the lock itself has no limit.
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
        }
        pause *= 2;
    }
}

/// The process id that the lock's holder wrote; empty if it is not known.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    // Who holds it is told to people, and helps to tell a lock that will be free soon.
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut holder));
    holder.trim().to_owned()
}

/// Whether the process lives, as far as can be known.
fn lives(holder: &str) -> bool {
    holder.parse().map_or(true, |pid| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH))
}

fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

enum Content {
    Nothing,
    Complete,
    Unfinished,
    Foreign(String),
}

fn content(folder: &Path) -> Result<Content, FolderFailure> {
    let io = |source| FolderFailure::Io { what: "look into the results folder", path: folder.to_owned(), source };
    let journal = folder.join(FILE_NAME);
    if journal.exists() {
        return match tail(&journal).map_err(io)? {
            Tail::Complete | Tail::NeverBegun => Ok(Content::Complete),
            Tail::Open => Ok(Content::Unfinished),
        };
    }
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let ours =
            [LOCK, "debug", "sysinfo", "tmp", super::secrets::FILE_NAME].iter().any(|name| entry.file_name() == *name);
        if !ours {
            return Ok(Content::Foreign(entry.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(Content::Nothing)
}

enum Tail {
    Complete,
    /// There is no plan in it: nothing was run, and there is nothing to go on with.
    NeverBegun,
    Open,
}

/// How a journal ends, by its last line.
fn tail(journal: &Path) -> io::Result<Tail> {
    let mut file = File::open(journal)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &text[..end]);
    let last = whole.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    match serde_json::from_slice::<Record>(last) {
        Ok(Record { event: Event::RunEnded(_), .. }) => Ok(Tail::Complete),
        _ if has_plan(&mut file)? => Ok(Tail::Open),
        _ => Ok(Tail::NeverBegun),
    }
}

/// Whether the journal has a whole second line, which is the plan.
fn has_plan(file: &mut File) -> io::Result<bool> {
    file.rewind()?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for _ in 0..2 {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
    }
    Ok(line.last() == Some(&b'\n'))
}

/// Moves a folder to `NAME.N`, where N is one more than the highest there is.
fn keep_aside(folder: &Path) -> Result<PathBuf, FolderFailure> {
    let io = |source| FolderFailure::Io { what: "keep aside the complete run in", path: folder.to_owned(), source };
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let parent = folder.parent().unwrap_or(Path::new("/"));
    let mut highest = 0;
    for entry in fs::read_dir(parent).map_err(io)? {
        let entry = entry.map_err(io)?.file_name();
        let number = entry.to_str().and_then(|entry| entry.strip_prefix(&name)?.strip_prefix('.')?.parse::<u32>().ok());
        highest = highest.max(number.unwrap_or(0));
    }
    let aside = parent.join(format!("{name}.{}", highest + 1));
    // A folder is never renamed onto one that has something in it: the system refuses.
    fs::rename(folder, &aside).map_err(io)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Plan, RunEnded};
    use crate::verdict::Verdict;

    fn write_journal(folder: &Path, events: Vec<Event>) {
        fs::create_dir_all(folder).unwrap();
        let mut text = String::new();
        for (seq, event) in (0..).zip(events) {
            text += &serde_json::to_string(&Record { seq, time_us: 0, event }).unwrap();
            text.push('\n');
        }
        fs::write(folder.join(FILE_NAME), text).unwrap();
    }

    fn planned() -> Event {
        Event::Planned(Plan::default())
    }

    fn ended() -> Event {
        Event::RunEnded(RunEnded { verdict: Verdict::Good, seconds: 1.0 })
    }

    #[test]
    fn complete_runs_are_kept_aside_under_rising_numbers() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("default");
        write_journal(&parent.path().join("default.7"), vec![]);
        for number in [8, 9] {
            write_journal(&path, vec![planned(), planned(), ended()]);
            fs::write(path.join("mark"), number.to_string()).unwrap();
            let (folder, aside) = ResultsFolder::create(&path).unwrap();
            assert_eq!(aside, Some(folder.path().with_file_name(format!("default.{number}"))));
            assert_eq!(fs::read_to_string(aside.unwrap().join("mark")).unwrap(), number.to_string());
            assert!(folder.path().join("tmp").is_dir() && !folder.journal().exists());
        }
    }

    #[test]
    fn a_run_that_can_go_on_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        write_journal(parent.path(), vec![planned(), planned()]);
        let failure = ResultsFolder::create(parent.path()).unwrap_err().to_string();
        assert!(failure.contains("dockertest resume"), "{failure}");
        ResultsFolder::open(parent.path()).unwrap();
    }

    #[test]
    fn a_run_that_never_began_is_kept_aside() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("default");
        write_journal(&path, vec![planned()]);
        assert!(ResultsFolder::create(&path).unwrap().1.is_some());
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("letter.txt"), "dear").unwrap();
        let failure = ResultsFolder::create(parent.path()).unwrap_err().to_string();
        assert!(failure.contains("it has `letter.txt`"), "{failure}");
        let failure = ResultsFolder::open(parent.path()).unwrap_err().to_string();
        assert!(failure.contains("holds no run"), "{failure}");
    }

    #[test]
    fn a_second_writer_is_refused_and_told_who_the_first_is() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep/default");
        let (first, _) = ResultsFolder::create(&path).unwrap();
        let failure = ResultsFolder::create(&path).unwrap_err().to_string();
        assert!(failure.contains(&format!("in use by process {}", std::process::id())), "{failure}");
        drop(first);
        ResultsFolder::create(&path).unwrap();
    }

    #[test]
    fn a_path_that_no_journal_can_hold_is_refused_before_anything_is_made() {
        use std::os::unix::ffi::OsStrExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(std::ffi::OsStr::from_bytes(b"results-\xff"));
        let failure = ResultsFolder::create(&path).unwrap_err().to_string();
        assert!(failure.starts_with("cannot use the results folder `"), "{failure}");
        assert!(failure.contains("its path is not UTF-8") && failure.contains("choose another"), "{failure}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_the_way_is_told() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        fs::write(&path, "").unwrap();
        let failure = ResultsFolder::create(&path.join("default")).unwrap_err().to_string();
        assert!(failure.contains("Not a directory"), "{failure}");
    }
}

//! The journal's file: it begins, or goes on behind its last whole line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What is added to the name of a journal for the lines behind a hole.
const CUT_OFF: &str = "cut-off";

/// Makes a new file's name durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Opens a journal for writing at its valid end and cuts off what is behind it. Whole lines behind a hole are kept in a
/// file beside it: should it not be a power cut that made the hole, they are the only record of what they tell.
pub(super) fn open_at(path: &Path, valid_bytes: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(valid_bytes))?;
    let mut behind = Vec::new();
    file.read_to_end(&mut behind)?;
    if !behind.is_empty() {
        if behind.iter().filter(|byte| **byte == b'\n').count() > 1 {
            let aside = path.with_added_extension(CUT_OFF);
            let mut aside = OpenOptions::new().create(true).append(true).open(aside)?;
            aside.write_all(&behind)?;
            aside.sync_all()?;
        }
        file.set_len(valid_bytes)?;
        file.sync_data()?;
    }
    file.seek(SeekFrom::Start(valid_bytes))?;
    Ok(file)
}

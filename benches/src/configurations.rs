//! Configurations to measure with.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Writes a file of shipped sections (`defaults/all.ini`) and one of custom sections (`custom/all.ini`), shaped like those
/// of a large suite.
///
/// # Errors
/// They cannot be written.
pub fn write(folder: &Path, sections: u32) -> io::Result<()> {
    let mut shipped =
        "[DEFAULTS]\ndocker_path = /usr/bin/docker\ntimeout = 300\nretries = 3\nlog = %(docker_path)s.log\n\n"
            .to_owned();
    let mut custom = String::new();
    for number in 0..sections {
        let _ = write!(
            shipped,
            "# Section {number} checks one thing.\n[part{}/check{number}]\nconfig_version = 0.9.0\n; what it needs\n\
             image = registry.example.com/suite/image{number}:latest\ncommand = %(docker_path)s run --rm %(image)s\n\
             expected = 100%% of %(retries)s tries\nnames = one, two,\n    three, four\nlimit: %(timeout)s\n\
             subsubtests = first,second,third\nextra = some longer value that is there to be read as it is\n\n",
            number % 17
        );
        if number % 10 == 0 {
            let _ =
                write!(custom, "[part{}/check{number}]\nimage = local/image{number}\ntimeout = 60\n\n", number % 17);
        }
    }
    for (layer, text) in [("defaults", shipped), ("custom", custom)] {
        fs::create_dir_all(folder.join(layer))?;
        fs::write(folder.join(layer).join("all.ini"), text)?;
    }
    Ok(())
}

//! Folders that containers may not write to, and places that cannot be.

use std::fs;

use dockertest::engine::Container;
use dockertest::prelude::*;

use super::RunVolumes;
use super::template::run;

/// Reads a folder, and must not write to it.
#[derive(Default)]
pub(super) struct ReadOnly;

impl SubSubtest<RunVolumes> for ReadOnly {
    fn run_once(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        let folder = ctx.tmp().join("read_only");
        fs::create_dir(&folder)?;
        let data = ctx.unique_name("data");
        fs::write(folder.join("read"), &data)?;
        let source = folder.display().to_string();
        let name = ctx.container_name("reader");
        let script = "cat /data/read; echo more >>/data/read && exit 3; echo new >/data/new && exit 4; exit 5";
        let command = ["/bin/bash", "-c", script].map(str::to_owned).to_vec();
        let seen = ctx.docker(run(ctx, &name, vec![format!("--volume={source}:/data:ro")], command)?).must_fail(5)?;
        seen.check_eq(seen.stdout_text(), &data, "what the container read")?;
        let container = Container::find(ctx, &name)?;
        let written = container.logs()?;
        let errors = written.stderr_text();
        seen.check_eq(seen.said().join("\n"), errors.trim_end(), "what the client printed on standard error")?;
        let refusals = errors.lines().filter(|line| line.ends_with("Read-only file system")).count();
        seen.check_eq(refusals, 2, "the writes that were refused because the file system is read-only")?;
        is_untouched(&seen, &folder, &data)?;

        let nobody = ctx.container_name("nobody");
        let volume = vec![format!("--volume={source}:relative/path")];
        let seen = ctx.docker(run(ctx, &nobody, volume, vec!["true".to_owned()])?).must_fail(125)?;
        seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
        seen.check(seen.said().join("\n").contains("relative/path"), "it names the path that is not absolute")?;
        seen.check(ctx.api()?.container(&nobody)?.is_none(), "no container comes about")?;
        is_untouched(&seen, &folder, &data)
    }
}

fn is_untouched(seen: &Completed, folder: &std::path::Path, data: &str) -> Outcome {
    seen.check_eq(fs::read_to_string(folder.join("read"))?, data, "the file that may only be read")?;
    seen.check_eq(fs::read_dir(folder)?.count(), 1, "the number of files in the folder that may only be read")
}

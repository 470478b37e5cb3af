//! What is copied into a volume is there for others.

use std::time::Duration;

use dockertest::engine::models::VolumeCreateRequest;
use dockertest::prelude::*;

use super::Cp;
use super::tree::{Item, Tree};

/// Where the volume is in the container that is copied to.
const INSIDE: &str = ".imagebuilder-transient-mount";

/// How long a container may take to print its files.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// Copies archives into a volume, parts of which another container has mounted.
#[derive(Default)]
pub(super) struct VolumeMount;

impl SubSubtest<Cp> for VolumeMount {
    fn run_once(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let name = ctx.volume_name("cp");
        let api = ctx.api()?;
        let labels = ctx.labels().into_iter().filter_map(|label| {
            let (name, value) = label.strip_prefix("--label=")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        let request =
            VolumeCreateRequest { name: Some(name.clone()), labels: Some(labels.collect()), ..Default::default() };
        let mount_point = api.create_volume(request)?.mountpoint;
        let first = ctx.container().volume(format!("{name}:/{INSIDE}")).create()?;

        let lines: Vec<String> = (0..26).map(|line| format!("key{line:02} = value{line}")).collect();
        let text = format!("{}\nkey3b = value3b\n", lines.join("\n"));
        let file = Tree::new([(&*format!("{INSIDE}/1"), Item::file(0o644, &text))]);
        let folder = Tree::new([
            (INSIDE, Item::Folder(0o755)),
            (&*format!("{INSIDE}/0"), Item::Folder(0o755)),
            (&*format!("{INSIDE}/0/a"), Item::file(0o600, "first\n")),
            (&*format!("{INSIDE}/0/b"), Item::file(0o644, "second\n")),
            (&*format!("{INSIDE}/0/c"), Item::file(0o755, "third\n")),
        ]);
        let target = format!("{}:/", first.name());
        for archive in [file.archive()?, folder.archive()?] {
            ctx.docker(["cp", "-", &target]).stdin(archive).must_pass()?.prints("")?;
        }

        let read = "cat /mountfile; cd /mountdir; for file in *; do stat -c '%a %n' $file; cat $file; done";
        let second = ctx
            .container()
            .volume(format!("{mount_point}/0:/mountdir:Z"))
            .volume(format!("{mount_point}/1:/mountfile:Z"))
            .command(["/bin/sh", "-c", read])
            .start()?;
        let status = second.wait_exit(READ_LIMIT)?;
        let written = second.logs()?;
        check_eq!(status, 0, "the status of the container that reads what was copied ({})", written.stderr_text());
        let expected = format!("{text}600 a\nfirst\n644 b\nsecond\n755 c\nthird\n");
        check_eq!(written.stdout_text(), expected, "what another container finds in the volume");
        Ok(())
    }
}

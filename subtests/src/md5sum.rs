//! The sum by which contents are compared with what a container prints of them.

use md5::{Digest, Md5};

/// What `md5sum` prints of a content.
pub(crate) fn md5sum(content: &[u8]) -> String {
    Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::md5sum;

    #[test]
    fn the_sum_is_the_one_that_the_program_prints() {
        assert_eq!(md5sum(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5sum(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}

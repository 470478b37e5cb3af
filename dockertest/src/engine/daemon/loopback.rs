//! The loopback interface of a new network namespace, which is down at first.

use std::io;
use std::os::fd::AsRawFd;

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

/// The kernel's names for these numbers are in brackets.
const NEW_LINK: u16 = 16; // RTM_NEWLINK
const REQUEST_AND_ANSWER: u16 = 1 | 4; // NLM_F_REQUEST, NLM_F_ACK
const ERROR: u16 = 2; // NLMSG_ERROR; its number is 0 when all went well
const UP: u32 = 1; // IFF_UP
/// The loopback interface is the first of each network namespace.
const LOOPBACK: i32 = 1;
/// Of a message: length, type, flags, sequence number, port.
const HEADER_BYTES: usize = 16;

/// Brings it up.
pub(super) fn up() -> io::Result<()> {
    let kernel = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
    send(kernel.as_raw_fd(), &request(), MsgFlags::empty())?;
    let mut answer = [0; 1024];
    let bytes = recv(kernel.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    match error(&answer[..bytes]) {
        Some(0) => Ok(()),
        Some(number) => Err(io::Error::from_raw_os_error(number.saturating_neg())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Header and body (`struct ifinfomsg`): family, device type, index, flags, which flags are meant.
fn request() -> Vec<u8> {
    let body: Vec<u8> =
        [[0; 4], LOOPBACK.to_ne_bytes(), UP.to_ne_bytes(), UP.to_ne_bytes()].into_iter().flatten().collect();
    let length = u32::try_from(HEADER_BYTES + body.len()).unwrap_or_default();
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(NEW_LINK.to_ne_bytes());
    message.extend(REQUEST_AND_ANSWER.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// The error number in an answer.
fn error(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let number = i32::from_ne_bytes(answer.get(HEADER_BYTES..HEADER_BYTES + 4)?.try_into().ok()?);
    (kind == ERROR).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_has_the_kernels_layout() {
        let message = request();
        assert_eq!(message.len(), 32);
        assert_eq!(message[..4], 32_u32.to_ne_bytes());
        assert_eq!(message[20..24], LOOPBACK.to_ne_bytes());
    }

    #[test]
    fn an_answer_is_an_error_number() {
        let mut answer = vec![0; 36];
        answer[4..6].copy_from_slice(&ERROR.to_ne_bytes());
        assert_eq!(error(&answer), Some(0));
        answer[16..20].copy_from_slice(&(-1_i32).to_ne_bytes());
        assert_eq!(error(&answer), Some(-1));
        assert_eq!(error(&answer[..10]), None);
    }
}

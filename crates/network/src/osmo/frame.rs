//! The control interface's frames: IPA with protocol `EE`, extension `00`, and ASCII inside.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The IPA protocol byte of Osmocom's extensions.
const OSMO: u8 = 0xEE;

/// The extension byte of the control interface.
const CTRL: u8 = 0x00;

/// Why a frame cannot be read. The connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] std::io::Error),
    /// The peer speaks something else.
    #[error("the peer does not speak the control interface (protocol {0:02x}); check the address and port")]
    Protocol(u8),
    /// An empty frame, or text that is not UTF-8.
    #[error("the peer sent a frame that cannot be read")]
    Garbage,
}

/// A text as a frame: length (big-endian, of what follows the protocol byte), protocol, extension, text.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len() + 1).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(text.len() + 4);
    frame.extend(length.to_be_bytes());
    frame.extend([OSMO, CTRL]);
    frame.extend(text.as_bytes());
    frame
}

/// Reads the next frame's text; frames of other extensions are passed over.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<String, FrameError> {
    loop {
        let length = usize::from(from.read_u16().await?);
        let protocol = from.read_u8().await?;
        if protocol != OSMO {
            return Err(FrameError::Protocol(protocol));
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).await?;
        match body.split_first() {
            Some((&CTRL, text)) => return String::from_utf8(text.to_vec()).map_err(|_| FrameError::Garbage),
            Some(_) => {}
            None => return Err(FrameError::Garbage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_has_the_bytes_that_osmo_hlr_speaks() {
        let frame = encode("GET 1 subscriber.by-msisdn-8613800138000.cs-enabled");
        assert_eq!(frame[..4], [0x00, 0x34, 0xEE, 0x00]);
        assert_eq!(read(&mut frame.as_slice()).await.unwrap(), "GET 1 subscriber.by-msisdn-8613800138000.cs-enabled");
    }

    #[tokio::test]
    async fn foreign_bytes_are_an_error_and_no_panic() {
        assert!(matches!(read(&mut &b"HTTP/1.1 400"[..]).await, Err(FrameError::Protocol(_))));
        assert!(matches!(read(&mut &[0, 0, 0xEE][..]).await, Err(FrameError::Garbage)));
        assert!(matches!(read(&mut &[0, 3, 0xEE, 0][..]).await, Err(FrameError::Io(_))));
        assert!(matches!(read(&mut &[0, 2, 0xEE, 0, 0xFF][..]).await, Err(FrameError::Garbage)));
    }
}

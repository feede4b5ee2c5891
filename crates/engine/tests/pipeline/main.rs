//! stub
use tempfile as _;

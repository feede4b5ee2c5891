//! Another party's JSON, read so that it cannot say two things at once.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A value in which no object names a key twice: a reader that takes the last one and a reader that takes the first one
/// would read different answers (K2).
struct Once(Value);

/// Reads an answer. Bytes in another character set stand in texts that no rule looks at, so they are no reason to refuse.
pub(in crate::http) fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&String::from_utf8_lossy(body)).map(|Once(value)| value)
}

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Once(value))) = entries.next_entry::<String, Once>()? {
            if object.insert(key, value).is_some() {
                return Err(Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k2_an_answer_that_says_two_things_is_none() {
        assert!(read(br#"{"a":{"b":1,"b":2}}"#).is_err());
        assert!(read(br#"[{"a":1},{"a":2}] "#).is_ok());
        for broken in ["", "{", "<html>", r#"{"a":1}{"a":1}"#] {
            assert!(read(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn everything_else_is_read_as_it_stands() {
        let body = br#"{"s":"x","n":1,"m":-1,"f":1.5,"t":true,"z":null,"l":[{"a":"\u505c"}]}"#;
        assert_eq!(read(body).unwrap(), serde_json::from_slice::<Value>(body).unwrap());
        assert_eq!(read(b"{\"m\":\"\xB3\xC9\",\"n\":1}").unwrap()["n"], 1, "a text in GBK");
    }
}

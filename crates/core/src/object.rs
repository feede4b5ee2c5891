//! What another party sends, read by its names alone.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IntoDeserializer as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// Another party's object. Serde takes a list for a structure as well, by position; a list names nothing, so it says
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(Named(PhantomData)).map(Self)
    }
}

/// Another party's word out of a closed set. Serde takes an object of one key for a word as well, whatever its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::deserialize(String::deserialize(d)?.into_deserializer()).map(Self)
    }
}

struct Named<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Named<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, MapDeserializer, SeqDeserializer};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Answer {
        state: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum State {
        Paid,
    }

    #[test]
    fn k2_m5_an_object_is_no_word() {
        assert_eq!(Text::deserialize(serde::de::value::StrDeserializer::<Error>::new("Paid")), Ok(Text(State::Paid)));
        let object = || MapDeserializer::<_, Error>::new([("Paid", ())].into_iter());
        assert!(Text::<State>::deserialize(object()).is_err());
    }

    #[test]
    fn k2_p4_a_list_is_no_object() {
        let named = MapDeserializer::<_, Error>::new([("state", "paid")].into_iter());
        assert_eq!(Object::deserialize(named), Ok(Object(Answer { state: "paid".into() })));
        let listed = || SeqDeserializer::<_, Error>::new(["paid"].into_iter());
        assert!(Answer::deserialize(listed()).is_ok(), "what serde takes by itself");
        assert!(Object::<Answer>::deserialize(listed()).is_err());
    }
}

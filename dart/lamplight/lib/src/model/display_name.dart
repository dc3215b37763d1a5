/// The displayed name of a user.
library;

/// Returns the remark, the nick or the id: the first that is not blank. Spaces
/// around a name are removed.
String nameOf(String remark, String nick, String userId) {
  for (final name in [remark.trim(), nick.trim()]) {
    if (name.isNotEmpty) {
      return name;
    }
  }
  return userId;
}

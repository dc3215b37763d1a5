/// The displayed name of a user.
library;

/// Returns the remark, or else the nick, or else the id. Blanks around a name
/// are ignored.
String nameOf(String remark, String nick, String userId) {
  for (final name in [remark.trim(), nick.trim()]) {
    if (name.isNotEmpty) {
      return name;
    }
  }
  return userId;
}

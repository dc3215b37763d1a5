/// The displayed name of a user.
library;

/// Returns the remark; if it is blank, the nick; if both are blank, the id.
/// Spaces around a name are removed.
String nameOf(String remark, String nick, String userId) {
  for (final name in [remark.trim(), nick.trim()]) {
    if (name.isNotEmpty) {
      return name;
    }
  }
  return userId;
}

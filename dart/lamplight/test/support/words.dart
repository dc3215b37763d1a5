/// Statuses in short: `ann:2` is the version 2 of ann's status.
library;

import 'package:lamplight/lamplight.dart';

/// Makes statuses.
List<UserStatus> statuses(String words) => [
      for (final word in words.split(' '))
        if (word.split(':') case [final user, final version])
          UserStatus(
            userId: user,
            type: StatusType.online,
            version: BigInt.parse(version),
          ),
    ];

/// Notes statuses in the same language.
String brief(Iterable<UserStatus> statuses) =>
    statuses.map((one) => '${one.userId}:${one.version}').join(' ');

// SPDX-License-Identifier: GPL-2.0
/*
 * usage: json [POINTER...]
 *
 * Reads JSON texts from standard input, one in each line, and prints what the JSON pointers
 * (RFC 6901) name in each: texts as they are, of an object the names, of an array the
 * length. Ends with 1 if a line is not one valid text, or has not got that.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json.h>

static struct json_object *parse(const char *line, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *text;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	text = json_tokener_parse_ex(tok, line, len);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) < len)
		errx(1, "%s: %s", json_tokener_error_desc(json_tokener_get_error(tok)), line);
	json_tokener_free(tok);
	return text;
}

static void print(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array)) {
		printf("%zu\n", json_object_array_length(value));
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member) {
			(void)member;
			puts(name);
		}
	} else {
		puts(json_object_get_string(value));
	}
}

int main(int argc, char **argv)
{
	struct json_object *text, *value;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int i;

	while ((len = getline(&line, &size, stdin)) > 0) {
		text = parse(line, len);
		for (i = 1; i < argc; i++) {
			if (json_pointer_get(text, argv[i], &value))
				errx(1, "there is no %s in %s", argv[i], line);
			print(value);
		}
		json_object_put(text);
	}
	free(line);
	return 0;
}

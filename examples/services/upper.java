// A stream transform: each line goes out in upper case as soon as it has come in.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

class upper {
    public static void main(String[] args) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;) {
            System.out.println(line.toUpperCase());
            System.out.flush();
        }
    }
}

// The smallest service: what it prints is the response.
class hello {
    public static void main(String[] args) {
        System.out.println("hello from java");
    }
}
